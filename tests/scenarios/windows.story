# Windows that are closed, too short, unreadable or not there.
#
# A release that must not begin before an instant, one whose step does not fit into what is left of the opening, and
# one that names a window which does not exist.

08:00     operator a starts
08:00     anna opens the shop
08:00     anna deletes window rollcall-system/always
08:00     anna creates window hours {timeZone: UTC, schedule: [{name: morning, weekly: {days: [Mon-Sun], from: "08:10", until: "08:20"}}, {name: later, weekly: {days: [Mon-Sun], from: "08:30", until: "12:00"}}]}
08:01     lena creates release early {notBefore: "2027-01-12T08:12:00Z", steps: [{name: api}]}
08:01     lena creates release long {steps: [{name: web, estimate: 20m}]}
08:01     lena creates release lost {windows: [{namespace: releases, name: nowhere}], steps: [{name: migrate}]}
08:02     flux applies everything 2
08:03     core signs early
08:03     ui signs long
08:03     data signs lost
08:15     early is finished
08:35     long is finished
