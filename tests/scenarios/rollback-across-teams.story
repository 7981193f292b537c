# S4: The backend fails after the frontends have moved, in a freeze: the frontends go back first, then the backend.
#
# The migration cannot be undone, and the release says so. Git still has the bad version: it is stored and held, and
# goes again only as another one. The operator dies in the midst of it.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team data
08:00     anna creates team core {checks: [{name: error-budget, controllerName: budget.example/watch, every: 20s}]}
08:00     anna creates team ui
08:00     flux applies everything 1
08:01     everything runs 1
08:02     lena creates release checkout {steps: [{name: migrate}, {name: api, verify: [error-budget]}, {name: web, soak: 30m}, {name: admin, soak: 30m}]}
08:02     flux applies everything 2 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 10s}}}}}
08:03     data signs checkout
08:03     core signs checkout
08:03     ui signs checkout
08:04     budget.example/watch answers error-budget of core with True {message: "94 % of the budget is left"}
08:08     anna creates freeze quiet
08:09     budget.example/watch answers error-budget of core with False {reason: Rejected, message: "the budget is spent"}
08:09:10  operator a dies
08:09:20  operator b starts
08:12     checkout is finished
08:13     flux applies api 2 {spec: {template: {metadata: {annotations: {kwok.test/ready-delay: 10s}}}}}
08:14     anna deletes freeze rollcall-system/quiet
08:15     flux applies api 3
08:16     the end
