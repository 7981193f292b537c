# The operator's clock is wrong: nothing is let go, and it goes on by itself when the clock is right.
#
# Nobody tells when clocks agree again, so the release looks again by itself.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core {signOff: null}
08:01     clock of a is off by 30000ms
08:02     lena creates release checkout {steps: [{name: api}]}
08:03     clock of a is off by 0ms
08:05     flux applies api 2
08:06     checkout is finished
