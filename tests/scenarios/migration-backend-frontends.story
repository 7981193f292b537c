# A database migration, then the backend, then two frontends.
#
# Three teams ship together: data migrates, core follows, ui comes last, with both of its frontends at once.
# Nobody starts before the step that comes first has succeeded.

08:00     operator a starts
08:00     anna opens the shop
08:01     flux applies everything 1
08:02     everything runs 1
08:10     lena creates release checkout
08:10:01  flux applies everything 2
08:11     data signs checkout
08:12     core signs checkout
08:13     ui signs checkout
08:20     checkout is finished
