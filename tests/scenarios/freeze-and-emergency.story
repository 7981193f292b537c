# S2: A holiday freeze, an emergency fix through the glass, and an override that runs out.
#
# During the freeze a change is stored and held, and whoever waits is told until when. Whoever is on call breaks the
# glass for one Deployment; the others stay held. A release goes through the freeze only under an override, which takes
# the verb, a reason and an end, and is void after its end. What is not production goes on.

2026-12-18 14:50     operator a starts
2026-12-18 14:50     anna opens the shop
2026-12-18 14:50     anna patches namespace data {metadata: {labels: {tier: test}}}
2026-12-18 14:51     flux applies everything 1
2026-12-18 14:52     everything runs 1
2026-12-18 14:53     anna creates freeze quiet {timeZone: Europe/Berlin, reason: "Holidays", schedule: [{name: holidays, dates: {from: "2026-12-18T16:00:00", until: "2027-01-04T06:00:00"}}]}
2026-12-18 15:01     operator a stops
2026-12-20 10:00     operator a starts
2026-12-20 10:01     ci applies api 2
2026-12-20 10:01     dev-bob applies web 2
2026-12-20 10:01     ci applies ledger-migrate 2
2026-12-20 10:02     dev-bob patches deployment core/api {metadata: {annotations: {rollcall.dev/break-glass: INC-6}}}
2026-12-20 10:03     oncall-anna patches deployment core/api {metadata: {annotations: {rollcall.dev/break-glass: INC-7}}}
2026-12-20 10:04     lena creates release urgent {steps: [{name: web}]}
2026-12-20 10:05     ui signs urgent
2026-12-20 10:06     dev-bob patches release releases/urgent {spec: {override: {reason: "checkout is down", ticket: INC-8, skip: [Freeze], until: "2026-12-20T12:06:00Z"}}}
2026-12-20 10:06     oncall-anna patches release releases/urgent {spec: {override: {reason: "checkout is down", ticket: INC-8, skip: [Freeze]}}}
2026-12-20 10:06     oncall-anna patches release releases/urgent {spec: {override: {ticket: INC-8, skip: [Freeze], until: "2026-12-20T12:06:00Z"}}}
2026-12-20 10:07     oncall-anna patches release releases/urgent {spec: {override: {reason: "checkout is down", ticket: INC-8, skip: [Freeze], until: "2026-12-20T12:06:00Z"}}}
2026-12-20 10:09     urgent is finished
2026-12-20 10:10     lena creates release late {steps: [{name: admin}]}
2026-12-20 10:10     dev-bob applies admin 2
2026-12-20 10:11     oncall-anna patches release releases/late {spec: {override: {reason: "admins are locked out", ticket: INC-9, skip: [Freeze], until: "2026-12-20T10:15:00Z"}}}
2026-12-20 10:16     ui signs late
2026-12-20 10:18     operator a stops
2027-01-04 04:59     operator a starts
2027-01-04 04:59:20  ui signs late
2027-01-04 05:01     late is finished
