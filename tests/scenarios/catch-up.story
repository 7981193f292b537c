# What was changed while the window was closed goes out at its opening, once, in its newest version.
#
# Two commits arrive before the opening, the operator dies in between, and nobody does anything at the opening.

08:00     operator a starts
08:00     anna opens the shop
08:00     flux applies everything 1
08:01     everything runs 1
08:02     anna deletes window rollcall-system/always
08:02     anna creates window hours {timeZone: UTC, schedule: [{name: afternoon, weekly: {days: [Mon-Sun], from: "09:00", until: "10:00"}}]}
08:30     flux applies api 2
08:40     lena creates release frontends {participants: [{name: ui, team: {namespace: ui, name: ui}, responsibility: "Watch the shop"}], steps: [{name: web, participant: ui, workload: {kind: Deployment, name: web}, estimate: 5m}]}
08:40     flux applies web 2
08:42     ui signs frontends
08:45     flux applies api 3
08:50     operator a dies
08:52     operator b starts
09:02     frontends is finished
