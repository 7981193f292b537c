# The content that a step expects, soaking, and an author who keeps a workload paused.
#
# The backend waits for its image, soaks, and only then the frontends follow. One of them was paused by its author.

08:00     operator a starts
08:00     anna opens the shop
08:01     flux applies everything 1
08:02     everything runs 1
08:03     lena creates release checkout {steps: [{name: pause, wait: 30s}, {name: api, participant: core, workload: {kind: Deployment, name: api}, dependsOn: [pause], estimate: 5m, soak: 1m, expect: {images: {api: "registry.example/api:2"}}}, {name: web, participant: ui, workload: {kind: Deployment, name: web}, dependsOn: [api], estimate: 5m}, {name: migrate, participant: data, workload: {kind: Job, name: ledger-migrate}, estimate: 5m}]}
08:04     flux applies api 3
08:04     flux applies web 2 {spec: {paused: true}}
08:04     flux applies ledger-migrate 2
08:06     flux applies api 2
08:07     data signs checkout
08:07     core signs checkout
08:07     ui signs checkout
08:12     uma patches deployment ui/web {spec: {paused: false}}
08:15     checkout is finished
