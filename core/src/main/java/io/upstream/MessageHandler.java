// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Receives cloud-to-device messages, one after the other in the order of arrival, on the runtime's callback executor. The next
 * one may come before the returned stage has completed; settlements are sent in the order of arrival all the same.
 */
@FunctionalInterface
public interface MessageHandler {
    /**
     * Takes one message.
     *
     * @return what to do with the message, once known. A thrown exception or a failed stage is logged and counts as {@link
     *     Settlement#ABANDON}
     */
    CompletionStage<Settlement> onMessage(CloudMessage message);

    /** Completes each message when {@code consumer} has returned. */
    static MessageHandler completing(Consumer<CloudMessage> consumer) {
        return message -> {
            consumer.accept(message);
            return CompletableFuture.completedFuture(Settlement.COMPLETE);
        };
    }
}
