# S4: A frontend cannot go back, so the backend beneath it stays until somebody mends it.
#
# Pods of the former frontend do not run. Whoever owns it is told, and nothing is rolled back beneath it.

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core {checks: [{name: error-budget, controllerName: budget.example/watch, every: 20s}]}
08:00     anna creates team ui
08:00     flux applies api 1
08:00     flux applies web 1 {spec: {progressDeadlineSeconds: 30, template: {metadata: {annotations: {kwok.test/fail: "true"}}}}}
08:00     flux applies admin 1
08:00:10  uma mends the pods of ui/web
08:01     everything runs 1
08:02     lena creates release checkout {steps: [{name: api, verify: [error-budget]}, {name: web, soak: 30m}, {name: admin, soak: 30m}]}
08:02     flux applies api 2
08:02     flux applies web 2 {spec: {progressDeadlineSeconds: 30}}
08:02     flux applies admin 2
08:03     core signs checkout
08:03     ui signs checkout
08:04     budget.example/watch answers error-budget of core with True {message: "94 % of the budget is left"}
08:05     budget.example/watch answers error-budget of core with False {reason: Rejected, message: "the budget is spent"}
08:06     checkout says RC095
08:08     uma mends the pods of ui/web
08:08:05  uma mends the pods of ui/web
08:10     checkout is finished
