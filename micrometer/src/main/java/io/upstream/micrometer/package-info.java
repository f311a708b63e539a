// SPDX-License-Identifier: Apache-2.0
/**
 * Binds what {@link io.upstream.UpstreamTransport#statistics} and {@link io.upstream.UpstreamSession#statistics} count to a meter registry of
 * Micrometer. Meters are read when the registry asks; nothing runs in between. The table of all meters is in {@code docs/observability.md}.
 */
@NullMarked
package io.upstream.micrometer;

import org.jspecify.annotations.NullMarked;
