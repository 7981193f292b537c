# The stop button, a policy that is gone, and a clock that is wrong.
#
# While the release is paused nothing starts, whoever signs. While a policy is missing nothing is let go. While the
# operator's clock differs from the API server's nothing is let go either.

08:00     operator a starts
08:00     anna opens the shop
08:01     lena creates release checkout
08:01     flux applies everything 2
08:02     lena patches release releases/checkout {spec: {paused: true}}
08:03     data signs checkout
08:03     core signs checkout
08:03     ui signs checkout
08:04     clock of a is off by 30000ms
08:04:05  lena patches release releases/checkout {spec: {paused: false}}
08:05     clock of a is off by 0ms
08:07     checkout is finished
