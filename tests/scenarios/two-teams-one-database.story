# S7: Two teams, one database, one slot.
#
# Both want Thursday from eight to nine, and the same database. The first holds it until it is done; the other is told
# for whom it waits, has no time left that evening, and goes on Tuesday. The first runs over its hour and is left to
# finish. A step that is longer than any opening is told so at once. One wants more than there is.

2027-01-14 19:58     operator a starts
2027-01-14 19:58     anna creates window evenings {timeZone: UTC, schedule: [{name: slot, weekly: {days: [Tue, Thu], from: "20:00", until: "21:00"}}], capacity: {releases: 1, resources: {orders-db: 1, dba: 2}}}
2027-01-14 19:58     anna creates team data
2027-01-14 19:58     anna creates team core
2027-01-14 19:58     anna creates team ui {capacity: {parallelSteps: 1}}
2027-01-14 19:58     lena creates release first {steps: [{name: api, estimate: 50m, timeout: 2h, requires: {orders-db: 1}}]}
2027-01-14 19:58     mia creates release second {steps: [{name: web, estimate: 40m, requires: {orders-db: 1}}, {name: admin, estimate: 10m}]}
2027-01-14 19:58     mia creates release greedy {steps: [{name: migrate, estimate: 70m, requires: {dba: 3}}]}
2027-01-14 19:58     flux applies api 2 {spec: {progressDeadlineSeconds: 7200, template: {metadata: {annotations: {kwok.test/ready-delay: 70m}}}}}
2027-01-14 19:58     flux applies web 2 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 10s}}}}}
2027-01-14 19:58     flux applies admin 2
2027-01-14 19:58     flux applies ledger-migrate 2
2027-01-14 19:59     core signs first
2027-01-14 19:59     ui signs second
2027-01-14 19:59     data signs greedy
2027-01-14 20:01     operator a stops
2027-01-14 20:19     operator a starts
2027-01-14 20:21     operator a stops
2027-01-14 20:59     operator a starts
2027-01-14 21:01     operator a stops
2027-01-14 21:11     operator a starts
2027-01-14 21:12     first is finished
2027-01-14 21:12:10  operator a stops
2027-01-19 19:59     operator a starts
2027-01-19 19:59:20  ui signs second
2027-01-19 20:02     second is finished
