"""A blueprint of the sample app."""  # noqa: INP001

import azure.functions as func

blueprint = func.Blueprint()


@blueprint.function_name("from_blueprint")
@blueprint.route(route="things/{kind}/{*rest}")
def _things(req: func.HttpRequest) -> func.HttpResponse:
    answer = func.HttpResponse(f"{req.route_params['kind']}: {req.route_params.get('rest')}")
    answer.headers.add("Set-Cookie", "seen=1; Path=/api; Max-Age=60; Secure; SameSite=Lax")
    return answer
