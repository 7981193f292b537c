# A freeze, an emergency fix through the glass, and an override on record.
#
# During the freeze a change is stored and held, and whoever waits is told until when. Whoever is on call breaks the
# glass for one Deployment; the others stay held. A release goes through the freeze only under an override.

08:00     operator a starts
08:00     anna opens the shop
08:01     flux applies everything 1
08:02     everything runs 1
08:03     anna creates freeze quiet {schedule: [{name: quiet, dates: {from: "2027-01-12T08:04:00", until: "2027-01-12T09:00:00"}}]}
08:05     flux applies api 2
08:05     flux applies web 2
08:06     oncall-anna patches deployment core/api {metadata: {annotations: {rollcall.dev/break-glass: INC-7}}}
08:08     lena creates release urgent {participants: [{name: ui, team: {namespace: ui, name: ui}, responsibility: "Watch the shop"}], steps: [{name: web, participant: ui, workload: {kind: Deployment, name: web}, estimate: 5m}]}
08:09     ui signs urgent
08:10     oncall-anna patches release releases/urgent {spec: {override: {reason: "checkout is down", ticket: INC-8, skip: [Freeze], until: "2027-01-12T08:30:00Z"}}}
08:12     urgent is finished
