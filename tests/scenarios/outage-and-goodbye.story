# S8: A team does not answer, the operator is away for ten minutes, and at the end rollcall is taken away.
#
# While things are held the old version is scaled, loses a pod, is restarted and applied again. Nothing leaks while
# nobody looks, and nothing that runs is disturbed. Two replicas come back; one of them is stopped. In the end nothing
# of rollcall is left, and what was held goes.

08:00     operator a starts
08:00     anna opens the shop
08:01     flux applies everything 1
08:02     everything runs 1
08:03     lena creates release checkout
08:03     flux applies everything 2
08:04     core signs checkout
08:04     ui signs checkout
08:05     operator a dies
08:06     ops patches deployment core/api {spec: {replicas: 6}}
08:07     ops deletes a pod of core/api
08:08     flux applies web 2
08:09     ops patches deployment ui/admin {metadata: {annotations: {team: "ui"}}}
08:15     operator b starts
08:15     operator c starts
08:16     data signs checkout
08:16:01  operator b stops
08:17     checkout is finished
08:18     anna creates freeze quiet
08:19     flux applies api 3
08:20     operator c stops
08:21     anna uninstalls rollcall
08:22     flux applies web 3
08:23     the end
