package io.tidegate.hardware;

import java.util.concurrent.Callable;
import org.eclipse.californium.core.CoapClient;
import org.eclipse.californium.core.CoapResponse;
import org.eclipse.californium.core.coap.CoAP;
import org.eclipse.californium.core.coap.MediaTypeRegistry;
import org.eclipse.californium.core.config.CoapConfig;
import org.eclipse.californium.core.network.CoapEndpoint;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.elements.config.UdpConfig;
import org.eclipse.californium.elements.exception.ConnectorException;

/** A CoAP device that POSTs confirmable readings one after the other, each until it sees 2.04. */
final class CoapDevice extends Device {
    /** An endpoint has 65,536 message ids for the 247 s in which none may be used again (RFC 7252, 4.8.2). */
    private static final int INTERVAL_MILLIS = 10;

    private final Callable<Integer> port;
    private final String path;

    CoapDevice(String name, Callable<Integer> port, String path) {
        super(name);
        this.port = port;
        this.path = path;
    }

    @Override
    void live() throws Exception {
        CoapConfig.register();
        UdpConfig.register();
        Configuration configuration =
                Configuration.createStandardWithoutFile().set(CoapConfig.PROTOCOL_STAGE_THREAD_COUNT, 1);
        CoapEndpoint endpoint =
                CoapEndpoint.builder().setConfiguration(configuration).build();
        endpoint.start();
        try {
            while (!isClosed() && (isProducing() || firstOpen() <= count())) {
                int number = firstOpen() <= count() ? firstOpen() : newReading();
                sendUntilAcknowledged(endpoint, number);
                pause(INTERVAL_MILLIS);
            }
        } finally {
            endpoint.destroy();
        }
    }

    private void sendUntilAcknowledged(CoapEndpoint endpoint, int number) throws Exception {
        while (!isClosed()) {
            CoapClient client = new CoapClient("coap://127.0.0.1:" + port.call() + "/" + path);
            client.setEndpoint(endpoint);
            client.setTimeout(2_000L);
            reading(number).sendsAgain();
            try {
                CoapResponse response = client.post(payload(number), MediaTypeRegistry.APPLICATION_JSON);
                if (response != null && response.getCode() == CoAP.ResponseCode.CHANGED) {
                    reading(number).acknowledged = true;
                    return;
                }
            } catch (ConnectorException e) {
                reading(number).acknowledged = false;
            }
        }
    }
}
