# A frontend is mended within its release, and then everything goes back: to what ran before the release.
#
# The second frontend was made for the second backend, as the third is. Neither may stay over the first one. The first

08:00     operator a starts
08:00     anna creates window always
08:00     anna creates team core {signOff: null}
08:00     anna creates team ui {signOff: null}
08:00     flux applies api 1
08:00     flux applies web 1
08:00     flux applies admin 1
08:01     everything runs 1
08:02     lena creates release checkout {steps: [{name: api}, {name: web, soak: 30m}]}
08:02     flux applies api 2
08:02     flux applies web 2
08:04     flux applies web 3
08:05     lena patches release releases/checkout {metadata: {annotations: {rollcall.dev/rollback-requested: "carts are empty"}}}
08:07     checkout is finished
08:08     everything runs 1
08:09     flux applies web 2
08:10     flux applies web 1
08:11     the end
