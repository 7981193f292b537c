# Buttons and guards: a release is paused, everything is stopped, a policy is gone.
#
# In each case nothing is let go, whoever signs, and it goes on by itself once the cause is gone.

08:00     operator a starts
08:00     anna opens the shop
08:01     lena creates release checkout
08:01     flux applies everything 2
08:02     lena patches release releases/checkout {spec: {paused: true}}
08:03     data signs checkout
08:03     core signs checkout
08:03     ui signs checkout
08:04     anna creates configmap rollcall-system/rollcall-stop {data: {reason: INC-9}}
08:05     lena patches release releases/checkout {spec: {paused: false}}
08:06     anna deletes policy hold-deployment.rollcall.dev
08:06:30  flux applies web 3
08:07     anna deletes configmap rollcall-system/rollcall-stop
08:08:30  anna restores hold-deployment.rollcall.dev
08:11     data signs checkout
08:11     core signs checkout
08:11     ui signs checkout
08:12     checkout is finished
