# What has no pause goes back to what ran, and not to what was only stored over it.
#
# A DaemonSet does not say which of its revisions runs. The second one is stored, held and replaced before anything of
# it goes, so a rollback of the third one passes it over. Git has what was rolled back: that does not go by itself, even
# if somebody scales the StatefulSet to nothing and back, after which its controller runs what is held.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team data {workloads: [{kind: StatefulSet, name: db}, {kind: DaemonSet, name: agent}]}
08:00     flux applies statefulset data/db 1
08:00     flux applies daemonset data/agent 1
08:02     lena creates release storage {onFailure: Rollback, participants: [data], steps: [{name: db, participant: data, workload: {kind: StatefulSet, name: db}}, {name: agent, participant: data, workload: {kind: DaemonSet, name: agent}, dependsOn: [db], timeout: 5m}]}
08:02     flux applies statefulset data/db 2
08:02     flux applies daemonset data/agent 2
08:03     flux applies daemonset data/agent 3 {spec: {template: {metadata: {annotations: {kwok.test/fail: 'true'}}}}}
08:04     data signs storage
08:12     storage is finished
08:15     flux applies statefulset data/db 2
08:16     ops patches statefulset data/db {spec: {replicas: 0}}
08:17     ops patches statefulset data/db {spec: {replicas: 2}}
08:20     the end
