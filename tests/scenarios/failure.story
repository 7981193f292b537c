# A step fails, so nothing further starts; mended content goes on.
#
# The backend's pods never become ready. Frontends that come after it do not start.

08:00     operator a starts
08:00     anna opens the shop
08:01     lena creates release checkout {onFailure: Halt, steps: [{name: api, dependsOn: []}, {name: web}, {name: admin, soak: 10m}, {name: migrate, dependsOn: [admin]}]}
08:01     flux applies api 2 {spec: {template: {metadata: {annotations: {kwok.test/fail: "true"}}}}}
08:01     flux applies web 2
08:01     flux applies admin 2
08:01     flux applies ledger-migrate 2
08:02     data signs checkout
08:02     core signs checkout
08:02     ui signs checkout
08:06     flux applies api 3 {spec: {template: {metadata: {annotations: {kwok.test/fail: null}}}}}
08:07     data signs checkout
08:07     core signs checkout
08:07     ui signs checkout
08:14     checkout is finished
