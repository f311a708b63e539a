// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Asks the Device Provisioning Service which hub a device belongs to. The way to the service has the same options as the way to a hub:
 * protocols, proxy, trust.
 *
 * <p><b>Threads:</b> any; nothing blocks. Each registration has a connection of its own, which is closed in order before the outcome is told.
 */
public final class Provisioning {
    /** The service's host for all customers, whom the id scope tells apart. */
    public static final String GLOBAL_HOST = "global.azure-devices-provisioning.net";

    private Provisioning() {}

    /**
     * Registers on a runtime of its own, which is closed before the outcome is told.
     *
     * @param service the way there: {@link UpstreamOptions#forHub} with {@link #GLOBAL_HOST} or another host of the service
     * @return the assignment, or an {@link UpstreamException} that names the stage and the hop, not later than {@link Registration#timeout}
     *     and a few seconds for the goodbye; cancelling it ends the connection
     * @throws IllegalStateException if no module here speaks one of the protocols
     */
    public static CompletionStage<Assignment> register(UpstreamOptions service, Registration registration) {
        UpstreamRuntime own = UpstreamRuntime.create();
        try {
            RegistrationChoice choice = RegistrationChoice.of(service, registration, own);
            return choice.start(told -> closeThen(own, told));
        } catch (RuntimeException | Error e) {
            own.close();
            throw e;
        }
    }

    /**
     * As {@link #register(UpstreamOptions, Registration)}, on a runtime shared with others, whose callback executor the outcome is told on.
     */
    public static CompletionStage<Assignment> register(
            UpstreamOptions service, Registration registration, UpstreamRuntime runtime) {
        CompletableFuture<Assignment> outcome = RegistrationChoice.of(service, registration, runtime)
                .start(told -> RegistrationChoice.onCallbacks(runtime, told));
        return outcome;
    }

    /** On a thread of its own: the runtime waits for its threads, and this is called on one of them. */
    private static void closeThen(UpstreamRuntime runtime, Runnable then) {
        Thread closer = new Thread(
                () -> {
                    runtime.close();
                    then.run();
                },
                "upstream-close");
        closer.setDaemon(true);
        closer.start();
    }
}
