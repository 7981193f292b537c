# Nobody's workloads are touched without their word, and no workload belongs to two releases.
#
# A team that is not there, one that does not consent, one that does not list what a step names, one whose rules make
# no sense; a second release that names the same workload; a team whose author may not do what the team asks for.

08:00     operator a starts
08:00     anna creates window always
08:00     cora creates team core {independentChanges: Held, allow: [{namespace: releases, actions: [Hold]}]}
08:00     uma creates team ui {independentChanges: Held, workloads: [{kind: Deployment, name: web}]}
08:01     lena creates release checkout
08:01     flux applies everything 2
08:02     dana creates team data {independentChanges: Held}
08:03     cora patches team core/core {spec: {allow: [{namespace: releases}]}}
08:04     the store has team core/core {spec: {maxHold: {duration: 99999999h}}}
08:05     cora patches team core/core {spec: {maxHold: null}}
08:06     uma patches team ui/ui {spec: {workloads: [{kind: Deployment, name: web}, {kind: Deployment, name: admin}]}}
08:07     mia creates release rival {steps: [{name: api}]}
08:07:30  mia deletes release releases/rival
08:08     cora loses every right
08:10     data signs checkout
08:10     core signs checkout
08:10     ui signs checkout
08:12     cora has every right
08:15     checkout is finished
