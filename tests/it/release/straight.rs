//! Acceptance S1: a database migration, then the API, then two frontends.

use super::story;
use crate::support::operator::Operator;
use crate::support::{Done, Installed};

#[tokio::test(flavor = "multi_thread")]
async fn migration_then_api_then_both_frontends_once_every_team_has_signed() -> Done {
    let installed = Installed::start().await?;
    let _operator = Operator::start(&installed, "one", &["--settle", "2s"]).await?;
    story::plays(&installed).await
}
