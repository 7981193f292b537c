# A backend fails before its frontend has gone: the frontend stays held, and goes in the next release, signed anew.
#
# The former backend runs again, and the new frontend was made for the new one. By itself it would go out once its
# release is over.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core
08:00     anna creates team ui
08:00     flux applies api 1
08:00     flux applies web 1
08:00     flux applies admin 1
08:01     everything runs 1
08:02     lena creates release checkout {steps: [{name: api}, {name: web}]}
08:02     flux applies api 2 {spec: {progressDeadlineSeconds: 30, template: {metadata: {annotations: {kwok.test/fail: "true"}}}}}
08:02     flux applies web 2
08:03     core signs checkout
08:03     ui signs checkout
08:05     checkout is finished
08:10     lena creates release again {steps: [{name: api}, {name: web}]}
08:10     flux applies api 3
08:12     core signs again
08:12     ui signs again
08:14     again is finished
