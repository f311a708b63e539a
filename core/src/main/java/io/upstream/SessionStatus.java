// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/**
 * What an observer may know of a session, all from one moment.
 *
 * @param cause why the session has no connection: the latest failure; null while it has one, while it renews it as planned, and after {@code close}
 */
public record SessionStatus(Phase phase, @Nullable UpstreamException cause) {}
