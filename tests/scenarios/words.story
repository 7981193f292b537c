# A word counts for the content it was given for, from whoever may give it, and for a while.
#
# Core signs, and then the content changes. Somebody says NoGo. A robot signs where a human is asked for, and whoever
# wrote the release signs it. A word runs out, and is given again.

08:00     operator a starts
08:00     anna opens the shop
08:00     cora patches team core/core {spec: {signOff: {validFor: 10m}}}
08:00     uma patches team ui/ui {spec: {signOff: {noSelfApproval: true}}}
08:01     lena creates release checkout
08:01     flux applies everything 2
08:02     core signs checkout
08:03     flux applies api 3
08:04     data signs checkout NoGo
08:05     system:serviceaccount:ci:robot signs checkout for ui
08:05:30  lena signs checkout for ui
08:06     core signs checkout
08:17     data signs checkout
08:18:10  core signs checkout
08:19     lena patches team ui/ui {spec: {signOffs: []}}
08:19:10  ui signs checkout
08:25     checkout is finished
