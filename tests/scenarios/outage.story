# The operator is away while things are held; nothing leaks, nothing breaks, and it goes on where it was.
#
# While it is away the held Deployment is scaled and restarted. Two replicas come back; one of them is stopped.

08:00     operator a starts
08:00     anna opens the shop
08:01     flux applies everything 1
08:02     everything runs 1
08:03     lena creates release checkout
08:03     flux applies everything 2
08:04     operator a dies
08:05     ops patches deployment core/api {spec: {replicas: 6}}
08:06     data signs checkout
08:10     operator b starts
08:10     operator c starts
08:11     data signs checkout
08:11     core signs checkout
08:11     ui signs checkout
08:11:01  operator b stops
08:15     checkout is finished
