defmodule Klime.LibraryInfo do
  @moduledoc """
  What this package calls itself in each event.
  """

  alias Klime.Wire

  @typedoc "A library's name and version."
  @type t :: %__MODULE__{name: String.t(), version: String.t()}

  @name "elixir-sdk"
  @version Mix.Project.config()[:version]

  defstruct name: @name, version: @version

  @doc """
  The name, `"elixir-sdk"`.

      iex> Klime.LibraryInfo.name()
      "elixir-sdk"
  """
  @spec name() :: String.t()
  def name, do: @name

  @doc """
  The version of this package.

      iex> Klime.LibraryInfo.version() == to_string(Application.spec(:klime, :vsn))
      true
  """
  @spec version() :: String.t()
  def version, do: @version

  @doc """
  Name and version.

      iex> Klime.LibraryInfo.new().name
      "elixir-sdk"
  """
  @spec new() :: t()
  def new, do: %__MODULE__{}

  @doc """
  As it is on the wire.

      iex> Klime.LibraryInfo.to_map(%Klime.LibraryInfo{name: "elixir-sdk", version: "1.0.0"})
      %{"name" => "elixir-sdk", "version" => "1.0.0"}
  """
  @spec to_map(t()) :: map()
  def to_map(%__MODULE__{name: name, version: version}), do: %{"name" => name, "version" => version}

  @doc false
  def from_map(map) when is_map(map) do
    %__MODULE__{name: Wire.text(Wire.get(map, "name")), version: Wire.text(Wire.get(map, "version"))}
  end

  def from_map(_), do: nil
end
