// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.JsonText;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.MethodCall;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What a service does to twins and by direct methods, for a caller who waits. */
final class ServiceDesk {
    private static final int INVOKE_SLACK_MILLIS = 5_000;

    private final HubCore hub;

    ServiceDesk(HubCore hub) {
        this.hub = hub;
    }

    ObjectNode twin(HubIdentity identity) {
        try {
            return hub.serviceTwin(identity);
        } catch (HubException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    long patchDesired(HubIdentity identity, String json) throws HubException {
        ObjectNode patch = JsonNodeFactory.instance.objectNode();
        patch.putObject("properties").set("desired", JsonText.readObject(json));
        return hub.patchTwin(identity, patch, null)
                .at("/properties/desired/$version")
                .longValue();
    }

    MethodAnswer invoke(HubIdentity identity, String name, String payload, Duration timeout)
            throws HubException, InterruptedException {
        MethodCall call = new MethodCall(name, payload.getBytes(StandardCharsets.UTF_8), timeout, timeout);
        try {
            // The hub ends every call by its own clock; this is for a clock that stands still.
            return hub.invoke(identity, call)
                    .toCompletableFuture()
                    .get(2 * timeout.toMillis() + INVOKE_SLACK_MILLIS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof HubException refusal) {
                throw refusal;
            }
            throw new IllegalStateException("the hub failed to call " + name, e);
        } catch (TimeoutException e) {
            throw new HubException(HubError.METHOD_TIMEOUT, identity + " has not answered within " + timeout);
        }
    }
}
