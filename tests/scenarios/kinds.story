# Every kind of workload is held by its own means, and goes with its release or by itself.
#
# A StatefulSet by its partition, a DaemonSet by OnDelete, a Job and a CronJob by suspending them. The first
# installation of a StatefulSet or a DaemonSet cannot be held by such means.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team data {workloads: [{kind: StatefulSet, name: db}, {kind: DaemonSet, name: agent}, {kind: Job, name: ledger-migrate}, {kind: CronJob, name: nightly}]}
08:00     flux applies statefulset data/db 1
08:00     flux applies daemonset data/agent 1
08:00     flux applies cronjob data/nightly 1
08:02     lena creates release storage {participants: [data], steps: [{name: migrate}, {name: db, participant: data, workload: {kind: StatefulSet, name: db}, dependsOn: [migrate]}, {name: agent, participant: data, workload: {kind: DaemonSet, name: agent}, dependsOn: [db]}]}
08:02     flux applies job data/ledger-migrate 2
08:02     flux applies statefulset data/db 2
08:02     flux applies daemonset data/agent 2
08:02     flux applies cronjob data/nightly 2
08:04     data signs storage
08:06     storage is finished
