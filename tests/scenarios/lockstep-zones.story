# S4b: Three zones in lockstep: a tenth, a half, all; one zone fails at the half, and every zone goes back.
#
# A zone's parts are Deployments of their own, and a stage begins when the one before is done in all zones. A zone that
# does not answer within its limit counts as failed.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core {workloads: [{kind: Deployment, name: a-tenth}, {kind: Deployment, name: a-half}, {kind: Deployment, name: b-tenth}, {kind: Deployment, name: b-half}, {kind: Deployment, name: c-tenth}, {kind: Deployment, name: c-half}]}
08:00     flux applies deployment core/a-tenth 1
08:00     flux applies deployment core/b-tenth 1
08:00     flux applies deployment core/c-tenth 1
08:00     flux applies deployment core/a-half 1
08:00     flux applies deployment core/b-half 1
08:00     flux applies deployment core/c-half 1
08:02     lena creates release zones {participants: [core], steps: [{name: a-10, participant: core, workload: {kind: Deployment, name: a-tenth}}, {name: b-10, participant: core, workload: {kind: Deployment, name: b-tenth}}, {name: c-10, participant: core, workload: {kind: Deployment, name: c-tenth}}, {name: a-50, participant: core, workload: {kind: Deployment, name: a-half}, dependsOn: [a-10, b-10, c-10], soak: 30m}, {name: b-50, participant: core, workload: {kind: Deployment, name: b-half}, dependsOn: [a-10, b-10, c-10], timeout: 1m}, {name: c-50, participant: core, workload: {kind: Deployment, name: c-half}, dependsOn: [a-10, b-10, c-10], soak: 30m}]}
08:02     flux applies deployment core/a-tenth 2
08:02     flux applies deployment core/b-tenth 2 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 20s}}}}}
08:02     flux applies deployment core/c-tenth 2
08:02     flux applies deployment core/a-half 2
08:02     flux applies deployment core/b-half 2 {spec: {progressDeadlineSeconds: 600, template: {metadata: {annotations: {kwok.test/ready-delay: 10m}}}}}
08:02     flux applies deployment core/c-half 2
08:03     core signs zones
08:08     zones is finished
