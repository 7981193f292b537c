# S6: Window arithmetic: the hours that a clock change takes and gives, openings over midnight, a zone that is none.
#
# Sundays from 1 to 4 in New York are two hours on 14 March and four on 7 November. Half past two does not exist on
# that day in March. Mondays from 22 to 6 in Berlin end on Tuesday. A window whose zone is none reports that, and the
# others still work. The operator is away in between: what is open is arithmetic, not memory.

2027-01-04 20:59     operator a starts
2027-01-04 20:59     anna creates window sundays {timeZone: America/New_York, schedule: [{name: night, weekly: {days: [Sun], from: "01:00", until: "04:00"}}], validFrom: "2027-03-12T00:00:00Z"}
2027-01-04 20:59     anna creates window mondays {timeZone: Europe/Berlin, schedule: [{name: night, weekly: {days: [Mon], from: "22:00", until: "06:00"}}]}
2027-01-04 20:59     anna creates window gap {timeZone: America/New_York, schedule: [{name: half-past-two, cron: {expression: "30 2 14 3 *", duration: 15m}}]}
2027-01-04 20:59     anna creates window long {timeZone: UTC, schedule: [{name: all-day, cron: {expression: "0 * 15 JAN *", duration: 24h}}]}
2027-01-04 20:59     anna creates window wrong {timeZone: Europe/Berln}
2027-01-04 20:59     anna creates window hour-24 {timeZone: UTC, schedule: [{name: late, weekly: {days: [Mon], from: "24:00", until: "06:00"}}]}
2027-01-04 21:01     operator a stops
2027-01-05 04:59     operator a starts
2027-01-05 05:01     operator a stops
2027-01-15 00:00     operator a starts
2027-01-15 00:01     operator a stops
2027-01-16 22:59     operator a starts
2027-01-16 23:01     operator a stops
2027-03-14 05:59     operator a starts
2027-03-14 06:01     operator a stops
2027-03-14 07:29     operator a starts
2027-03-14 07:31     operator a stops
2027-03-14 07:59     operator a starts
2027-03-14 08:01     operator a stops
2027-11-07 04:59     operator a starts
2027-11-07 05:01     operator a stops
2027-11-07 08:59     operator a starts
2027-11-07 09:01     the end
