// SPDX-License-Identifier: Apache-2.0
/**
 * What registering a device with the Device Provisioning Service is on every protocol. A {@link
 * io.upstream.provisioning.RegistrationRun} makes a connection whose last layer is a {@link io.upstream.provisioning.ServiceLogin}; what
 * that leaves is a {@link io.upstream.provisioning.ServiceLink}, over which a conversation of a request and a few questions goes to its end.
 */
@NullMarked
package io.upstream.provisioning;

import org.jspecify.annotations.NullMarked;
