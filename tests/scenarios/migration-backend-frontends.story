# S1: A database migration, then the backend, then two frontends.
#
# Three teams ship together: data migrates, core follows, ui comes last, with both of its frontends at once.
# Nobody starts before the step that comes first has succeeded. A plan that goes in a circle is not accepted.

09:00     operator a starts
09:00     anna opens the shop
09:00     flux applies everything 1
09:01     everything runs 1
09:02     lena creates release circle {participants: [core], steps: [{name: a, wait: 1m, dependsOn: [b]}, {name: b, wait: 1m, dependsOn: [a]}]}
09:10     lena creates release checkout
09:10:01  flux applies everything 2 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 20s, kwok.test/complete-delay: 30s}}}}}
09:11     data signs checkout
09:12     core signs checkout
09:13     ui signs checkout
09:20     checkout is finished
