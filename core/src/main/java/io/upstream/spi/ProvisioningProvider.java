// SPDX-License-Identifier: Apache-2.0
package io.upstream.spi;

import io.upstream.Assignment;
import io.upstream.Registration;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** A module that speaks with the Device Provisioning Service; found by {@link java.util.ServiceLoader}. Any thread. */
public interface ProvisioningProvider {
    /** What it can speak; not empty. */
    Set<UpstreamProtocol> protocols();

    /**
     * Registers over exactly {@code protocol}, one of {@link #protocols}. It borrows {@code runtime}.
     *
     * @param service the way to the service
     * @param registration whose timeout is the limit of this call
     * @param wanted ends the attempt when it is done for any other reason than this call
     * @return completes on any thread, when the connection is closed, with the assignment or an {@link io.upstream.UpstreamException}
     */
    CompletionStage<Assignment> register(
            UpstreamProtocol protocol,
            UpstreamOptions service,
            Registration registration,
            UpstreamRuntime runtime,
            CompletionStage<?> wanted);
}
