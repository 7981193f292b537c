# Nobody's workloads are touched without their word, and no workload belongs to two releases.
#
# A team that is not there, one that does not consent, one that does not list what a step names; two releases that
# name the same workload; a plan that contradicts itself.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core {allow: [{namespace: releases, actions: [Hold]}]}
08:00     anna creates team ui {workloads: [{kind: Deployment, name: web}]}
08:01     lena creates release checkout
08:01     flux applies everything 2
08:02     anna creates team data
08:03     cora patches team core/core {spec: {allow: [{namespace: releases}]}}
08:04     mia creates release rival {participants: [{name: core, team: {namespace: core, name: core}, responsibility: "Watch"}], steps: [{name: api, participant: core, workload: {kind: Deployment, name: api}, estimate: 5m}]}
08:05     uma patches team ui/ui {spec: {workloads: [{kind: Deployment, name: web}, {kind: Deployment, name: admin}]}}
08:06     mia creates release circle {participants: [{name: core, team: {namespace: core, name: core}, responsibility: "Watch"}], steps: [{name: a, wait: 1m, dependsOn: [b]}, {name: b, wait: 1m, dependsOn: [a]}]}
08:07     data signs checkout
08:07     core signs checkout
08:07     ui signs checkout
08:10     checkout is finished
