# What was shipped goes back long after its release has ended, when somebody asks; one at a time, and not again.
#
# Two releases have shipped the same backend. Both are asked back at once: the one waits for the other. What was rolled
# back does not go again by itself, nor with a release, unless the team signs it or somebody overrides.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core {signOff: null}
08:00     flux applies api 1 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 20s}}}}}
08:02     lena creates release second {steps: [{name: api}]}
08:02     flux applies api 2 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 20s}}}}}
08:04     second is finished
08:05     lena creates release third {steps: [{name: api}]}
08:05     flux applies api 3 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 20s}}}}}
08:07     third is finished
08:10     lena patches release releases/third {metadata: {annotations: {rollcall.dev/rollback-requested: "carts are empty"}}}
08:10:05  mia patches release releases/second {metadata: {annotations: {rollcall.dev/rollback-requested: "carts are empty"}}}
08:14     third is finished
08:15     second is finished
08:17     flux applies api 3 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 20s}}}}}
08:20     lena creates release again {steps: [{name: api}]}
08:20     flux applies api 2 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 20s}}}}}
08:22     flux applies api 4
08:24     again is finished
