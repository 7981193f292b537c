# What goes through the glass went past rollcall: no release takes it for its own, and none rolls back over it.
#
# A release has shipped version 2. In a freeze, whoever is on call lets a fix out through the glass, and Git's next version
# is held. Then the release is asked back. It has moved on: the fix stays.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core {signOff: null}
08:00     flux applies api 1
08:02     lena creates release second {steps: [{name: api}]}
08:02     flux applies api 2
08:04     second is finished
08:05     anna creates freeze quiet {timeZone: UTC, reason: "Holidays", schedule: [{name: holidays, dates: {from: "2027-01-12T08:05:00", until: "2027-01-13T06:00:00"}}]}
08:06     dev-bob applies api 3
08:07     oncall-anna patches deployment core/api {metadata: {annotations: {rollcall.dev/break-glass: INC-1}}}
08:09     flux applies api 4
08:10     lena patches release releases/second {metadata: {annotations: {rollcall.dev/rollback-requested: "carts are empty"}}}
08:14     second is finished
