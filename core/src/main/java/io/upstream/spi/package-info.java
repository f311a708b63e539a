// SPDX-License-Identifier: Apache-2.0
/** The one seam by which the API finds the protocols: {@link io.upstream.spi.UpstreamTransportProvider}. */
@NullMarked
package io.upstream.spi;

import org.jspecify.annotations.NullMarked;
