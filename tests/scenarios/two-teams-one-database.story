# Two releases want the same database, and a team can follow one step at a time.
#
# The second release waits for the first and is told so. One asks for more than there is.

08:00     operator a starts
08:00     anna creates window always {capacity: {resources: {orders-db: 1, dba: 2}}}
08:00     anna creates team data
08:00     anna creates team core
08:00     anna creates team ui {capacity: {parallelSteps: 1}}
08:01     lena creates release first {participants: [{name: core, team: {namespace: core, name: core}, responsibility: "Watch"}], steps: [{name: api, participant: core, workload: {kind: Deployment, name: api}, estimate: 5m, requires: {orders-db: 1}}]}
08:01     mia creates release second {participants: [{name: ui, team: {namespace: ui, name: ui}, responsibility: "Watch"}], steps: [{name: web, participant: ui, workload: {kind: Deployment, name: web}, estimate: 5m, requires: {orders-db: 1}}, {name: admin, participant: ui, workload: {kind: Deployment, name: admin}, estimate: 5m}]}
08:01     mia creates release greedy {participants: [{name: data, team: {namespace: data, name: data}, responsibility: "Watch"}], steps: [{name: migrate, participant: data, workload: {kind: Job, name: ledger-migrate}, estimate: 5m, requires: {dba: 3}}]}
08:02     flux applies api 2 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 60s}}}}}
08:02     flux applies web 2 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 30s}}}}}
08:02     flux applies admin 2
08:02     flux applies ledger-migrate 2
08:03     core signs first
08:03:05  ui signs second
08:03:10  data signs greedy
08:06     second is finished
