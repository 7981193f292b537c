# S3: What was changed while the window was closed goes out at its opening, once, in its newest version.
#
# Two commits arrive before the opening, the operator dies in between, and nobody does anything at the opening.

15:00     operator a starts
15:00     anna opens the shop
15:00     flux applies everything 1
15:01     everything runs 1
15:02     anna deletes window rollcall-system/always
15:02     anna creates window hours {timeZone: UTC, schedule: [{name: afternoon, weekly: {days: [Mon-Sun], from: "16:00", until: "17:00"}}]}
15:30     flux applies api 2
15:40     lena creates release frontends {steps: [{name: web}]}
15:40     flux applies web 2
15:42     ui signs frontends
15:45     flux applies api 3
15:50     operator a dies
15:52     operator b starts
16:02     frontends is finished
