# The content that a step expects, soaking, a person's task, and an author who keeps a workload paused.
#
# The backend waits for its image and soaks, somebody calls the bank, and only then the frontend follows. It was paused
# by its author.

08:00     operator a starts
08:00     anna opens the shop
08:01     flux applies everything 1
08:02     everything runs 1
08:03     lena creates release checkout {steps: [{name: pause, wait: 30s}, {name: api, dependsOn: [pause], soak: 1m, expect: {images: {api: "registry.example/api:2"}}}, {name: call, participant: core, task: "Call the bank", dependsOn: [api]}, {name: web, dependsOn: [call]}, {name: migrate}]}
08:04     flux applies api 3
08:04     flux applies web 2 {spec: {paused: true}}
08:04     flux applies ledger-migrate 2
08:06     flux applies api 2
08:07     data signs checkout
08:07     core signs checkout
08:07     ui signs checkout
08:10     cora did call of checkout for core
08:12     uma patches deployment ui/web {spec: {paused: false}}
08:15     checkout is finished
