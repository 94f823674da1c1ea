"""How the API server is reached. Empty settings mean: as the pod's account or the kubeconfig says."""

from traitlets import Bool, HasTraits, Integer

from tenantspawner.settings.traits import text


class Connection(HasTraits):
    """The API server: address, certificate authority, times."""

    k8s_api_host = text("", "Address of the API server, as in ``https://10.0.0.1:6443``. Empty: found by itself.")
    k8s_api_ssl_ca_cert = text("", "Path of the certificate authority of the API server. Empty: found by itself.")
    k8s_api_verify_ssl = Bool(
        None,
        allow_none=True,
        help="Whether to verify the API server's certificate. None: as the kubeconfig says, which is yes by default.",
    ).tag(config=True)
    k8s_api_threadpool_workers = Integer(help="No longer has any effect: there are no threads.").tag(config=True)
    k8s_api_request_timeout = Integer(3, help="Seconds that one request to the API server may take.").tag(config=True)
    k8s_api_request_retry_timeout = Integer(
        30, help="Seconds after which a request that is tried again and again is given up."
    ).tag(config=True)
