"""The messages between host and worker, as plain data.

In Azure they travel as protobuf over gRPC (``FunctionRpc.proto`` of
azure-functions-language-worker-protobuf). The worker library takes any namespace with these
classes; this module is that namespace. Names are the protocol's. A ``oneof`` tells which field
is set by ``WhichOneof``. A field that is not set is ``None``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class RpcException:
    """An exception of the worker or the function: its text and its stack trace."""

    message: str = ""
    stack_trace: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class StatusResult:
    """Whether a request succeeded."""

    Failure: ClassVar = 0
    Success: ClassVar = 1

    status: int
    exception: RpcException | None = None


@dataclass(frozen=True, slots=True)
class NullableString:
    """A string that may be absent."""

    value: str


@dataclass(frozen=True, slots=True)
class NullableBool:
    """A truth value that may be absent."""

    value: bool


@dataclass(frozen=True, slots=True)
class NullableDouble:
    """A number that may be absent."""

    value: float


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Seconds since the epoch, UTC."""

    seconds: int


@dataclass(frozen=True, slots=True)
class NullableTimestamp:
    """A time that may be absent."""

    value: Timestamp


@dataclass(frozen=True, slots=True)
class RpcHttpCookie:
    """A cookie of an answer. The values of ``SameSite`` are those of ``Set-Cookie``."""

    # A member called None cannot be written as an attribute.
    SameSite: ClassVar = SimpleNamespace(
        **{"None": "", "Lax": "Lax", "Strict": "Strict", "ExplicitNone": "None"}
    )

    name: str
    value: str
    domain: NullableString | None = None
    path: NullableString | None = None
    expires: NullableTimestamp | None = None
    secure: NullableBool | None = None
    http_only: NullableBool | None = None
    same_site: str = ""
    max_age: NullableDouble | None = None


@dataclass(frozen=True, slots=True)
class RpcHttp:
    """An HTTP request or answer. ``params`` are the values of the route template."""

    method: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: TypedData | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    status_code: str = ""
    cookies: Sequence[RpcHttpCookie] | None = None
    enable_content_negotiation: bool = False


_KINDS = ("string", "json", "bytes", "http", "int", "double", "collection_string")


@dataclass(frozen=True, slots=True)
class CollectionString:
    """Texts that come together: the events of a batch."""

    string: Sequence[str]


@dataclass(frozen=True, slots=True)
class TypedData:
    """A value of a binding: at most one field is set."""

    string: str | None = None
    json: str | None = None
    bytes: Any = None  # The field's own name hides the type's.
    http: RpcHttp | None = None
    int: Any = None
    double: float | None = None
    collection_string: CollectionString | None = None

    def WhichOneof(self, oneof: str) -> str | None:  # noqa: N802 - protobuf's name
        """The name of the field that is set, ``None`` for no data."""
        if oneof != "data":
            raise ValueError(f"TypedData has no oneof {oneof!r}.")
        for name in _KINDS:
            if getattr(self, name) is not None:
                return name
        return None


@dataclass(frozen=True, slots=True)
class ParameterBinding:
    """The value of one binding, under the name of the function's parameter."""

    name: str
    data: TypedData | None

    def WhichOneof(self, oneof: str) -> str:  # noqa: N802 - protobuf's name
        """Always ``data``: shared memory is not used."""
        if oneof != "rpc_data":
            raise ValueError(f"ParameterBinding has no oneof {oneof!r}.")
        return "data"


@dataclass(frozen=True, slots=True)
class BindingInfo:
    """Type and direction of a binding. The members are the protocol's enumerations."""

    out: ClassVar = 1
    inout: ClassVar = 2
    undefined: ClassVar = 0

    type: str
    data_type: int | None
    direction: int


@dataclass(frozen=True, slots=True)
class RpcRetryOptions:
    """The retry policy of a function, executed by the host."""

    max_retry_count: int
    retry_strategy: str
    delay_interval: timedelta | None = None
    minimum_interval: timedelta | None = None
    maximum_interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RpcFunctionMetadata:
    """A function as indexed: ``raw_bindings`` holds one JSON object for each binding."""

    name: str
    function_id: str
    directory: str
    script_file: str
    entry_point: str
    language: str
    bindings: Mapping[str, BindingInfo]
    raw_bindings: Sequence[str]
    retry_options: RpcRetryOptions | None
    properties: Mapping[str, str]
    managed_dependency_enabled: bool
    is_proxy: bool


@dataclass(frozen=True, slots=True)
class WorkerMetadata:
    """Which worker answers."""

    runtime_name: str
    runtime_version: str
    worker_version: str
    worker_bitness: str
    custom_properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class WorkerInitRequest:
    """Asks the worker to import and index the app in a folder."""

    function_app_directory: str
    capabilities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkerInitResponse:
    """Whether the app could be imported and indexed."""

    capabilities: Mapping[str, str]
    worker_metadata: WorkerMetadata
    result: StatusResult


@dataclass(frozen=True, slots=True)
class FunctionMetadataResponse:
    """The functions of the app, ``None`` when it has none."""

    use_default_metadata_indexing: bool
    function_metadata_results: Sequence[RpcFunctionMetadata] | None
    result: StatusResult


@dataclass(frozen=True, slots=True)
class FunctionLoadRequest:
    """Asks the worker to make one function ready."""

    function_id: str


@dataclass(frozen=True, slots=True)
class FunctionLoadResponse:
    """Whether the function is ready."""

    function_id: str
    result: StatusResult


@dataclass(frozen=True, slots=True)
class RpcTraceContext:
    """The trace that an invocation belongs to (W3C Trace Context)."""

    trace_parent: str
    trace_state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RetryContext:
    """Which retry an invocation is. No retry policy is executed here, so always the first try."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: RpcException | None = None


@dataclass(frozen=True, slots=True)
class InvocationRequest:
    """Asks the worker to call a function."""

    invocation_id: str
    function_id: str
    input_data: Sequence[ParameterBinding]
    trigger_metadata: Mapping[str, TypedData]
    trace_context: RpcTraceContext
    retry_context: RetryContext = RetryContext()


@dataclass(frozen=True, slots=True)
class InvocationResponse:
    """What the function returned and wrote to its output bindings, or its exception."""

    invocation_id: str
    result: StatusResult
    return_value: TypedData | None = None
    output_data: Sequence[ParameterBinding] = ()


@dataclass(frozen=True, slots=True)
class StreamingMessage:
    """One message of the channel: one of the requests is set."""

    worker_init_request: WorkerInitRequest | None = None
    function_load_request: FunctionLoadRequest | None = None
    invocation_request: InvocationRequest | None = None


@dataclass(frozen=True, slots=True)
class WorkerRequest:
    """What the library's entry points take: a message and the properties of the process."""

    request: StreamingMessage
    properties: Mapping[str, Any] = field(default_factory=dict)
