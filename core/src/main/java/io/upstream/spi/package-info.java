// SPDX-License-Identifier: Apache-2.0
/**
 * The seam between the API and the protocols. The API finds them as {@link io.upstream.spi.UpstreamTransportProvider}s, and
 * those that speak with the Device Provisioning Service as {@link io.upstream.spi.ProvisioningProvider}s; they pass a payload on
 * where it lies as {@link io.upstream.spi.PayloadBorrower}s, and say by a {@link io.upstream.spi.HeaderFormat} how to read what came with a
 * message from the hub.
 */
@NullMarked
package io.upstream.spi;

import org.jspecify.annotations.NullMarked;
