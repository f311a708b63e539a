// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/**
 * What an observer may know of a session, all from one moment.
 *
 * @param cause why the session ended; null while it lives and after {@code close}
 */
public record SessionStatus(Phase phase, @Nullable UpstreamException cause) {}
