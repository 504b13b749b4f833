defmodule Klime.Stand.Handlers do
  @moduledoc false
  # What snippets call that an app would define.
  def handle_error(error, _events) when is_exception(error), do: :ok
  def handle_success(%Klime.BatchResponse{}), do: :ok
  def connected?(_socket), do: true
end

defmodule Klime.Snippets do
  @moduledoc false
  # The Elixir snippets of a README, and how each one is executed: as it is, in the surroundings that it stands for.

  defstruct [:line, :kind, :text]

  @doc "All snippets of a file, with the line that each one begins at."
  def of(path) do
    path |> File.read!() |> String.split("\n") |> Enum.with_index(1) |> collect(nil, [])
  end

  defp collect([], nil, snippets), do: Enum.reverse(snippets)

  defp collect([{"```" <> language, line} | rest], nil, snippets) do
    {inside, [_end | rest]} = Enum.split_while(rest, fn {text, _} -> text != "```" end)
    collect(rest, nil, snippets_in(language, inside, line + 1) ++ snippets)
  end

  defp collect([_ | rest], nil, snippets), do: collect(rest, nil, snippets)

  defp snippets_in("elixir", lines, line) do
    text = Enum.map_join(lines, "\n", &elem(&1, 0))
    [%__MODULE__{line: line, kind: kind(text), text: text}]
  end

  # The calls within a prompt.
  defp snippets_in("", lines, _line) do
    for {"Klime." <> _ = text, line} <- Enum.reverse(lines), do: %__MODULE__{line: line, kind: :calls, text: text}
  end

  defp snippets_in(_language, _lines, _line), do: []

  defp kind(text) do
    code = text |> String.split("\n") |> Enum.reject(&(&1 =~ ~r/^\s*(#|$)/)) |> Enum.join("\n")

    cond do
      code =~ ~r/^def / -> :functions
      code =~ ~r/^plug / -> :plugs
      code =~ ~r/^(import Config|config )/ -> :config
      code =~ ~r/^defmodule / -> :module
      code =~ ~r/^\{Klime\.Client/ -> :child
      code =~ ~r/^children = /m -> :children
      true -> :calls
    end
  end

  @doc "How many events a snippet's calls make."
  def calls(text) do
    text
    |> String.split("\n")
    |> Enum.reject(&(&1 =~ ~r/^\s*#/))
    |> Enum.map(&length(Regex.scan(~r/Klime\.(?:track|identify|group)!?\(/, &1)))
    |> Enum.sum()
  end

  @doc "Evaluates text in the surroundings of an app's code."
  def eval(text, bindings, line \\ 1), do: Code.eval_string(text, bindings, %{surroundings() | line: line})

  @doc "Evaluates text inside of a module."
  def eval_in_module(text, use) do
    name = Module.concat(__MODULE__, "In#{System.unique_integer([:positive])}")
    {{:module, ^name, _, _}, _} = eval("defmodule #{inspect(name)} do\n#{use}\n#{text}\nend", [])
    name
  end

  defp surroundings do
    import Klime.Stand.Handlers, warn: false
    import Klime.Stand.JSONResponse, warn: false
    require Logger
    %{__ENV__ | module: nil, function: nil, file: "README.md"}
  end
end
