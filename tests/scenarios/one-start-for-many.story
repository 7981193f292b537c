# A window in whose openings one change may start, and three of two teams that wait for it at once.

08:00     operator a starts
08:00     anna creates team ui
08:00     anna creates team core
08:00     anna creates window rollcall-system/one-at-a-time {timeZone: UTC, capacity: {startsPerOpening: 1}, schedule: [{name: first, weekly: {days: [Tue], from: "08:10", until: "08:30"}}, {name: second, weekly: {days: [Tue], from: "09:10", until: "09:30"}}, {name: third, weekly: {days: [Tue], from: "10:10", until: "10:30"}}]}
08:02     flux applies web 2
08:02     flux applies admin 2
08:02     flux applies api 2
# Whoever leads next knows what went before.
08:15     operator a dies
08:20     operator b starts
10:15     everything runs 2
10:30     the end
