//! What surprises people about each kind, each as a test.
