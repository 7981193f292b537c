# A step fails, so nothing further starts; mended content goes on.
#
# The backend's pods never become ready. Frontends that come after it do not start. One step takes longer than it may.

08:00     operator a starts
08:00     anna opens the shop
08:01     lena creates release checkout {onFailure: Halt, steps: [{name: api, participant: core, workload: {kind: Deployment, name: api}, estimate: 5m}, {name: web, participant: ui, workload: {kind: Deployment, name: web}, dependsOn: [api], estimate: 5m}, {name: admin, participant: ui, workload: {kind: Deployment, name: admin}, estimate: 5m, soak: 10m}, {name: migrate, participant: data, workload: {kind: Job, name: ledger-migrate}, dependsOn: [admin], estimate: 5m}]}
08:01     flux applies api 2 {spec: {template: {metadata: {annotations: {kwok.test/fail: "true"}}}}}
08:01     flux applies web 2
08:01     flux applies admin 2
08:01     flux applies ledger-migrate 2
08:02     data signs checkout
08:02     core signs checkout
08:02     ui signs checkout
08:06     flux applies api 3 {spec: {template: {metadata: {annotations: {kwok.test/fail: null}}}}}
08:07     data signs checkout
08:07     core signs checkout
08:07     ui signs checkout
08:20     checkout is finished
