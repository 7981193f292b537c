# What rollcall may not touch it does not touch, and it says whom to ask.
#
# Its right to workloads is taken away, before a team lists one and after a release could let one go. It goes on by
# itself when the right is back.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core
08:00     anna creates team ui
08:01     flux applies api 2
08:01     lena creates release checkout {steps: [{name: api}, {name: web}]}
08:02     anna deletes clusterrolebinding rollcall-workloads
08:03     flux applies web 2 {metadata: {labels: {rollcall.dev/gate: null}}}
08:04     core signs checkout
08:04     ui signs checkout
08:05     anna restores rollcall-workloads
08:08     checkout is finished
