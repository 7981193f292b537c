# As much as an opening takes: releases at once, starts in one opening, and starts that are spread.

08:00     operator a starts
08:00     anna creates team data
08:00     anna creates team core
08:00     anna creates team ui
08:00     anna creates window core/hours {namespaceSelector: null, timeZone: UTC, openingJitter: 5m, schedule: [{name: morning, weekly: {days: [Mon-Sun], from: "08:10", until: "09:30"}}]}
08:00     anna creates window ui/one-a-day {namespaceSelector: null, timeZone: UTC, capacity: {startsPerOpening: 1}, schedule: [{name: first, weekly: {days: [Mon-Sun], from: "08:10", until: "08:30"}}, {name: second, weekly: {days: [Mon-Sun], from: "08:50", until: "09:10"}}]}
08:00     anna creates window releases/one-at-once {namespaceSelector: null, timeZone: UTC, capacity: {releases: 1}, schedule: [{name: all-day, weekly: {days: [Mon-Sun], from: "00:00", until: "24:00"}}]}
08:01     lena creates release backend {steps: [{name: api}]}
08:01     mia creates release frontends {steps: [{name: web, soak: 2m}, {name: admin}]}
08:02     flux applies api 2
08:02     flux applies web 2 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 30s}}}}}
08:02     flux applies admin 2
08:03     core signs backend
08:03     ui signs frontends
08:52     frontends is finished
08:54     backend is finished
