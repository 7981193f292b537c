# S5: Old readiness cannot pass: dev, canary and prod follow each other, and a word for revision 7 is none for 8.
#
# All run 7, and core has said Go for 7. Then 8 comes everywhere at once, and dev is slow. A NoGo before the start
# holds; after the start only a rule that says so would halt. A word that is too old counts as absent.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core {workloads: [{kind: Deployment, name: dev}, {kind: Deployment, name: canary}, {kind: Deployment, name: prod}], signOff: {validFor: 10m}}
08:00     flux applies deployment core/dev 7
08:00     flux applies deployment core/canary 7
08:00     flux applies deployment core/prod 7
08:02     lena creates release eight {participants: [core], steps: [{name: dev, participant: core, workload: {kind: Deployment, name: dev}, expect: {images: {dev: "registry.example/dev:8"}}}, {name: canary, participant: core, workload: {kind: Deployment, name: canary}, dependsOn: [dev], expect: {images: {canary: "registry.example/canary:8"}}}, {name: prod, participant: core, workload: {kind: Deployment, name: prod}, dependsOn: [canary], expect: {images: {prod: "registry.example/prod:8"}}}]}
08:03     core signs eight
08:04     flux applies deployment core/prod 8
08:04     flux applies deployment core/canary 8
08:04     flux applies deployment core/dev 8 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 40s}}}}}
08:05     core signs eight NoGo
08:06     lena patches release releases/eight {spec: {notBefore: "2027-01-12T08:20:00Z"}}
08:07     core signs eight
08:18     core signs eight NoGo
08:19     core signs eight
08:20:10  core signs eight NoGo
08:25     eight is finished
