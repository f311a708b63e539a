// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A time in which the hub could not tell a session everything: method calls failed, and changes of the twin may not have come. Told when it is
 * over and everything that was subscribed to comes again, so that whoever keeps a copy of something can read it now and will not miss what
 * comes later. Cloud-to-device messages were kept by the hub and come by themselves.
 *
 * @param lasted from the loss to the last confirmed subscription
 * @param cause why; null if the connection was only renewed, as MQTT does for each new token
 */
public record Gap(Duration lasted, @Nullable UpstreamException cause) {}
