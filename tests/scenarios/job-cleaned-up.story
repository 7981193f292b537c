# A Job that was complete and is cleaned up is still done, and still stays where it is on the way back.
#
# The migration's time to live is over while its release is under way. Nobody has to sign again for that, and the backend
# goes. The database that the migration builds on does not go back beneath it when the backend fails.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team data {workloads: [{kind: StatefulSet, name: db}, {kind: Job, name: ledger-migrate}]}
08:00     anna creates team core
08:00     flux applies statefulset data/db 1
08:00     flux applies api 1
08:02     lena creates release checkout {onFailure: Rollback, participants: [data, core], steps: [{name: db, participant: data, workload: {kind: StatefulSet, name: db}}, {name: migrate, participant: data, workload: {kind: Job, name: ledger-migrate}, dependsOn: [db], soak: 2m}, {name: api, participant: core, workload: {kind: Deployment, name: api}, dependsOn: [migrate]}]}
08:02     flux applies statefulset data/db 2
08:02     flux applies job data/ledger-migrate 2
08:02     flux applies api 2 {spec: {progressDeadlineSeconds: 30, template: {metadata: {annotations: {kwok.test/fail: 'true'}}}}}
08:04     data signs checkout
08:04     core signs checkout
08:05     ops deletes job data/ledger-migrate
08:12     checkout is finished
