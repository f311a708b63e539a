// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.upstream.UserPassword;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a connection introduces itself.
 *
 * @param login SASL PLAIN with these; null for SASL ANONYMOUS
 * @param hostname the hub's name, whatever host the socket leads to
 * @param idleTimeOut how long the peer may be silent, and what it is told so
 */
public record Opening(@Nullable UserPassword login, String containerId, String hostname, Duration idleTimeOut) {}
