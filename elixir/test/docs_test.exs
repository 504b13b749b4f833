defmodule Klime.DocsTest do
  # What is public has a doc and a spec; what is not says so by `@doc false`.
  use ExUnit.Case, async: true

  {:ok, modules} = :application.get_key(:klime, :modules)
  # Those of the package, not of the tests' support.
  @modules for module <- modules,
               source =
                 module.module_info(:compile)[:source] |> to_string() |> Path.relative_to(Path.expand("..", __DIR__)),
               String.starts_with?(source, "lib/"),
               do: module

  # Of a module, what the docs say: hidden, or its entries.
  defp docs(module) do
    {:docs_v1, _, :elixir, _, doc, _, entries} = Code.fetch_docs(module)
    if doc == :hidden, do: :hidden, else: {doc, entries}
  end

  defp public, do: for(module <- @modules, docs(module) != :hidden, do: module)

  defp entries(kinds) do
    for module <- public(),
        {{kind, name, arity}, _, _, doc, _} <- elem(docs(module), 1),
        kind in kinds,
        doc != :hidden,
        do: {module, name, arity, doc}
  end

  test "the public modules are those that an app may rely on" do
    assert Enum.sort(public()) == [
             Klime,
             Klime.BatchResponse,
             Klime.Client,
             Klime.ConfigurationError,
             Klime.Event,
             Klime.EventContext,
             Klime.EventType,
             Klime.LibraryInfo,
             Klime.Plug,
             Klime.SendError,
             Klime.Telemetry,
             Klime.Testing,
             Klime.ValidationError
           ]
  end

  test "every public module has a doc" do
    assert for(module <- public(), not match?({%{"en" => _}, _}, docs(module)), do: module) == []
  end

  test "every public function has a doc" do
    functions = entries([:function, :macro])
    assert length(functions) > 60
    # What a behaviour asks for is documented there.
    assert for({module, name, arity, doc} <- functions, not is_map(doc), do: {module, name, arity}) -- generated() == []
  end

  test "every public function has a spec" do
    assert for(
             {module, name, arity, _} <- entries([:function]),
             {name, arity} not in specs(module),
             do: {module, name, arity}
           ) --
             generated() == []
  end

  test "every public type has a doc" do
    assert for({module, name, arity, doc} <- entries([:type, :opaque]), not is_map(doc), do: {module, name, arity}) ==
             []
  end

  defp specs(module) do
    {:ok, specs} = Code.Typespec.fetch_specs(module)
    Enum.map(specs, &elem(&1, 0))
  end

  # What `use GenServer` and `defexception` define.
  defp generated do
    for module <- public(),
        {name, arity} <- [init: 1, handle_call: 3, handle_info: 2, terminate: 2, exception: 1, message: 1],
        do: {module, name, arity}
  end
end
