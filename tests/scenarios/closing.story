# A window closes on a release that is under way: one halts until a person goes on, one is rolled back.

08:00     operator a starts
08:00     anna creates team core
08:00     anna creates team ui
08:00     anna creates window core/hours {namespaceSelector: null, timeZone: UTC, onClose: Halt, schedule: [{name: morning, weekly: {days: [Mon-Sun], from: "07:00", until: "08:20"}}, {name: later, weekly: {days: [Mon-Sun], from: "08:24", until: "10:00"}}]}
08:00     anna creates window ui/hours {namespaceSelector: null, timeZone: UTC, onClose: Rollback, overrunGrace: 30s, schedule: [{name: morning, weekly: {days: [Mon-Sun], from: "07:00", until: "08:20"}}, {name: later, weekly: {days: [Mon-Sun], from: "08:24", until: "10:00"}}]}
08:00     cora patches team core/core {spec: {workloads: [{kind: Deployment, name: api}, {kind: Deployment, name: worker}]}}
08:00     flux applies api 1
08:00     flux applies deployment core/worker 1
08:00     flux applies web 1
08:12     lena creates release backend {steps: [{name: api, soak: 10m}, {name: worker, participant: core, workload: {kind: Deployment, name: worker}, dependsOn: [api]}]}
08:12     flux applies api 2
08:12     flux applies deployment core/worker 2
08:13     core signs backend
08:14     mia creates release frontend {steps: [{name: web}]}
08:14     flux applies web 2 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 4m}}}, progressDeadlineSeconds: 600}}
08:14:30  ui signs frontend
08:21     frontend is finished
08:25     lena patches release releases/backend {spec: {resumedAt: "2027-01-12T08:25:00Z"}}
08:27     backend is finished
